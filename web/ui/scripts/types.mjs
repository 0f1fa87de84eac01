// Makes src/api/types.gen.ts from the server's OpenAPI document, which a test
// of the server keeps equal to what it answers.
//
//   node scripts/types.mjs            writes the file
//   node scripts/types.mjs --check    fails when it is stale
import { readFileSync, writeFileSync } from 'node:fs'

const source = new URL('../../../internal/httpapi/testdata/openapi.json', import.meta.url)
const target = new URL('../src/api/types.gen.ts', import.meta.url)
const { components, paths } = JSON.parse(readFileSync(source, 'utf8'))

/** A schema as a type. What is not known here fails, so that nothing is guessed. */
function typeOf(schema) {
  if (schema.$ref) return schema.$ref.replace('#/components/schemas/', '')
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(' | ')
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ')
  if (schema.type === 'array') return `${wrapped(typeOf(schema.items))}[]`
  if (schema.type === 'object' && schema.properties) return `{ ${membersOf(schema).join('; ')} }`
  if (schema.type === 'object') return `Record<string, ${schema.additionalProperties ? typeOf(schema.additionalProperties) : 'unknown'}>`
  const plain = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' }[schema.type]
  if (!plain) throw new Error(`no type is known for ${JSON.stringify(schema)}`)
  return plain
}

const wrapped = (type) => (type.includes('|') ? `(${type})` : type)
const comment = (text, indent = '') => (text ? [`${indent}/** ${text.replace(/\s+/g, ' ').replace(/\*\//g, '')} */`] : [])

function membersOf({ properties, required = [] }) {
  return Object.entries(properties).map(([name, schema]) => `${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`)
}

function declare(name, schema) {
  if (!schema.properties) return [...comment(schema.description), `export type ${name} = ${typeOf(schema)}`]
  const lines = Object.values(schema.properties).flatMap((one, i) => [...comment(one.description, '  '), `  ${membersOf(schema)[i]}`])
  return [...comment(schema.description), `export interface ${name} {`, ...lines, '}']
}

/** What GET answers under each path; of a stream, one of its lines or events. */
function answers() {
  const rows = Object.entries(paths).flatMap(([path, { get }]) => {
    const schema = Object.values(get?.responses['200']?.content ?? {})[0]?.schema
    return schema ? [`  '${path}': ${typeOf(schema)}`] : []
  })
  return ['/** What GET answers under each path; of a stream, one of its lines or events. */', 'export interface Answers {', ...rows, '}']
}

const text = [
  '// Made by scripts/types.mjs from the OpenAPI document of the server: npm run types.',
  '',
  ...Object.entries(components.schemas).flatMap(([name, schema]) => declare(name, schema)),
  ...answers(),
  '',
].join('\n')

if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (!sameAs(text)) {
  console.error('src/api/types.gen.ts is not what the OpenAPI document says: npm run types')
  process.exit(1)
}

function sameAs(wanted) {
  try {
    return readFileSync(target, 'utf8') === wanted
  } catch {
    return false
  }
}

import { mount } from 'svelte'
import './style/base.css'
import './state/prefs.svelte'
import App from './App.svelte'

mount(App, { target: document.body })

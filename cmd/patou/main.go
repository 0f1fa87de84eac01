// Command patou watches over a herd of machines.
package main

func main() {}

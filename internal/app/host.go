package app

// startHost begins to watch this machine: its vitals and its journal.
func (a *App) startHost() {
}

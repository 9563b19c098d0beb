package cli

import "cmp"

// Containerfile returns the bytes that the settings name.
func (a *App) Containerfile() ([]byte, error) {
	s, err := a.Start()
	return s.Base.Containerfile, err
}

// ContainerfileName is the name of the Containerfile in messages: its path, or
// the project's where no setting names one.
func (a *App) ContainerfileName() string {
	return cmp.Or(a.file, a.Project.Containerfile, "sandbox/base/base.Containerfile")
}

// Say writes a message and its remedy, which may be empty.
func (a *App) Say(text, remedy string) {
	a.say(text)
	hint(a.Err, remedy)
}

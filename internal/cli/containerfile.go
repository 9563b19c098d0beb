package cli

import "cmp"

// Containerfile returns the bytes that the settings name.
func (a *App) Containerfile() ([]byte, error) {
	s, err := a.start()
	return s.base.Containerfile, err
}

// ContainerfileName is the name to call it by in messages: its path, or
// otherwise where no setting names one.
func (a *App) ContainerfileName(otherwise string) string {
	if a.Flags.Containerfile != nil {
		return *a.Flags.Containerfile
	}
	return cmp.Or(a.Program.env("BASE_CONTAINERFILE"), otherwise)
}

// Print writes text to the standard output, or v where JSON is asked for.
func (a *App) Print(text string, v any) error { return a.print(text, v) }

// Say writes a message and its remedy, which may be empty.
func (a *App) Say(text, remedy string) {
	a.say(text)
	hint(a.Err, remedy)
}

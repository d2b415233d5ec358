package load

import _ "embed"

//go:embed demo.yaml
var demo []byte

// DemoName is the name of the demo file in messages.
const DemoName = "demo.yaml"

// Demo returns the text of the demo restaurant's file.
func Demo() []byte { return demo }

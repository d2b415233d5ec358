package order

import (
	"fmt"
	"strings"
)

// Diagram draws the order's life as a Mermaid state diagram, from the table that decides about it.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n    [*] --> created\n    [*] --> scheduled: for later, paid on hand-over\n")
	drawn := map[string]bool{}
	for _, from := range Statuses {
		for _, t := range transitions {
			for _, line := range t.draw(from) {
				if !drawn[line] {
					drawn[line] = true
					b.WriteString(line)
				}
			}
		}
	}
	for _, s := range Statuses {
		if s.Closed() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	return b.String()
}

// draw writes where a transition leads from a status: once per way in which orders end.
func (t transition) draw(from Status) (lines []string) {
	for _, typ := range Types {
		to := t.to(typ)
		if !t.leads(from, to) || from == to {
			continue
		}
		label := t.says
		if t.to(DineIn) != t.to(Delivery) {
			label += ", " + string(typ)
		}
		if label != "" {
			label = ": " + label
		}
		lines = append(lines, fmt.Sprintf("    %s --> %s%s\n", from, to, label))
	}
	return lines
}

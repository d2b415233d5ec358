package cli

import (
	"bufio"
	"io"
	"strings"
)

// longestLine of a stream, in bytes: events are small.
const longestLine = 4 << 20

// message is one message of a stream of server-sent events.
type message struct {
	id   string // where to go on after it
	data string // "" for a message that only moves the id
}

// readMessages gives the messages of a stream to take, in order, until the stream ends or take fails; alive is called
// with every line, signs of life included. The end of the stream is io.EOF.
func readMessages(r io.Reader, alive func(), take func(message) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	var m message
	var data []string
	for lines.Scan() {
		alive()
		field, value, _ := strings.Cut(strings.TrimSuffix(lines.Text(), "\r"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case field == "id":
			m.id = value
		case field == "data":
			data = append(data, value)
		case field == "" && value == "":
			m.data = strings.Join(data, "\n")
			if err := take(m); err != nil {
				return err
			}
			data = data[:0]
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.EOF
}

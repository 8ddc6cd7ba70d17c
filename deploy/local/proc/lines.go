package proc

import (
	"bytes"
	"io"
	"strings"
	"sync"
)

const (
	keptLines = 20      // of a child's output, for telling why it died
	maxLine   = 1 << 16 // bytes; a longer line is broken
)

// lines passes on whole lines, each in one Write after the prefix, and keeps the last ones.
type lines struct {
	to     io.Writer
	prefix string

	mu   sync.Mutex
	part []byte // of a line that has not ended
	kept []string
}

// Write implements io.Writer. It never fails: a log that can't be written must not stop the child.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		line, rest, ended := bytes.Cut(l.part, []byte("\n"))
		if !ended && len(line) < maxLine {
			return len(p), nil
		}
		l.emit(string(line))
		l.part = rest
	}
}

func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.part) > 0 {
		l.emit(string(l.part))
		l.part = nil
	}
}

func (l *lines) emit(line string) {
	_, _ = io.WriteString(l.to, l.prefix+line+"\n")
	if len(l.kept) == keptLines {
		l.kept = l.kept[1:]
	}
	l.kept = append(l.kept, line)
}

func (l *lines) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.kept, "\n")
}

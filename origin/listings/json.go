package listings

import (
	"errors"
	"io"
)

// ReadJSON reads an array of objects like the contract's EpgProgram. It returns a Refusal, the error of r or h, or nil.
func ReadJSON(r io.Reader, o Options, h Handler) error { return errors.ErrUnsupported }

package listings

import (
	"errors"
	"io"
)

// ReadXMLTV reads a document of xmltv.dtd. It returns a Refusal, the error of r or h, or nil.
func ReadXMLTV(r io.Reader, o Options, h Handler) error { return errors.ErrUnsupported }

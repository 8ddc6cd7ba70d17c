// Package lane answers the plainest requests where they are read: a GET that is understood down to the last byte and
// for which an answer lies ready goes out with one read and one write, and the HTTP server never hears of it. Everything
// else is handed to the server byte for byte. DESIGN.md in edge/proxy says what that gains and why it is safe.
package lane

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	readSize = 16 << 10 // a request that is longer is the server's
	// copySize is the longest body that is copied behind its head. A longer one goes out from where it lies: at 25 KB that
	// saves a tenth of the request, at 1.5 KB the vector costs as much as the copy.
	copySize = 8 << 10
	headSize = 4 << 10 // a reply's head, mostly far shorter
	// spaceSize is the most that is kept for composing the next answer.
	spaceSize = 128 << 10
)

// Reply is an answer ready to send: a head, complete with the empty line, and a body in two parts.
type Reply struct {
	Head      []byte
	Body      string
	BodyAfter string
	Space     []byte // empty, for a Body that the Answerer composes; it may grow
	Touched   byte   // of no meaning: what the Answerer read ahead of need
}

// Answerer answers a request from memory, or says that it can't. It must not block.
type Answerer func(r *Request, out *Reply) bool

// scratch is what a connection needs while it works, and gives back before it waits.
type scratch struct {
	in    [readSize]byte
	out   []byte
	space []byte
	req   Request
	reply Reply
	vec   [3]syscall.Iovec
}

var scratches = sync.Pool{New: func() any { return &scratch{out: make([]byte, 0, copySize+headSize)} }}

// conn is a TCP connection of which an HTTP server sees only the requests that the lane leaves.
type conn struct {
	*net.TCPConn
	l    *Listener
	raw  syscall.RawConn
	peer netip.Addr
	step func(fd uintptr) bool // a field, so that waiting allocates nothing

	idle  atomic.Bool // the server is between requests
	held  *scratch    // while rest is not empty
	rest  []byte      // read, but for the server
	err   error
	armed time.Time // when the lane last set the read deadline
}

func newConn(c *net.TCPConn, l *Listener) (*conn, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &conn{TCPConn: c, l: l, raw: raw}
	if addr, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		w.peer = addr.AddrPort().Addr().Unmap()
	}
	w.step = w.serve
	return w, nil
}

// Read gives the server what the lane left. Between two requests the server, which then holds no buffer, asks for a
// single byte: that is when the lane works. In the middle of a request a single byte may be asked for as well, and the
// lane must not take what follows for a request; hence idle.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		if !c.idle.Load() || len(p) != 1 {
			return c.TCPConn.Read(p)
		}
		if err := c.raw.Read(c.step); err != nil {
			return 0, err
		}
		if c.err != nil {
			return 0, c.err
		}
	}
	n := copy(p, c.rest)
	if c.rest = c.rest[n:]; len(c.rest) == 0 {
		c.release()
	}
	return n, nil
}

// Close closes the connection.
func (c *conn) Close() error {
	c.l.leave(c)
	return c.TCPConn.Close()
}

func (c *conn) release() {
	if c.held != nil {
		scratches.Put(c.held)
		c.held, c.rest = nil, nil
	}
}

// serve answers requests until one is for the server or none is left; false means to wait for more.
func (c *conn) serve(fd uintptr) bool {
	s := scratches.Get().(*scratch)
	for {
		n, err := syscall.Read(int(fd), s.in[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			scratches.Put(s)
			return false
		case err != nil:
			scratches.Put(s)
			c.err = err
			return true
		case n == 0:
			scratches.Put(s)
			c.err = io.EOF
			return true
		}
		if used := c.answer(s, int(fd), s.in[:n]); used < n {
			c.held, c.rest = s, s.in[used:n]
			return true
		}
		if c.err != nil {
			scratches.Put(s)
			return true
		}
	}
}

// answer answers the requests at the front of b and returns how many bytes they were.
func (c *conn) answer(s *scratch, fd int, b []byte) int {
	used := 0
	for used < len(b) && c.err == nil && !c.l.stopping.Load() {
		n := s.req.parse(b[used:])
		if n == 0 {
			break
		}
		s.req.Peer, s.req.Now = c.peer, c.l.Now()
		s.reply.Head = s.out[:0]
		s.reply.Space = s.space[:0]
		good := c.l.Answer(&s.req, &s.reply)
		if s.space = s.reply.Space; cap(s.space) > spaceSize {
			s.space = nil // one long answer must not cost every connection its size for ever
		}
		if !good {
			break
		}
		c.touch(s.req.Now)
		c.send(fd, s)
		used += n
	}
	return used
}

// touch moves the idle deadline. A second more or less does not matter to it, and setting it costs a timer.
func (c *conn) touch(now time.Time) {
	if now.Sub(c.armed) >= time.Second {
		c.armed = now
		_ = c.TCPConn.SetReadDeadline(now.Add(c.l.IdleTimeout))
	}
}

// SetReadDeadline notes that the server set the deadline.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.armed = time.Time{}
	return c.TCPConn.SetReadDeadline(t)
}

// send writes a reply. Nearly always the socket takes all of it at once, and no deadline is needed.
func (c *conn) send(fd int, s *scratch) {
	n, err := s.write(fd)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		n, err = 0, nil
	}
	if err != nil {
		c.err = err
	} else if n < len(s.reply.Head)+len(s.reply.Body)+len(s.reply.BodyAfter) {
		c.err = c.sendRest(s, n)
	}
}

// write makes the one attempt.
func (s *scratch) write(fd int) (int, error) {
	r := &s.reply
	if len(r.Body)+len(r.BodyAfter) <= copySize {
		s.out = append(append(r.Head, r.Body...), r.BodyAfter...)
		return syscall.Write(fd, s.out)
	}
	s.out = r.Head[:0]
	s.vec = [3]syscall.Iovec{piece(unsafe.String(unsafe.SliceData(r.Head), len(r.Head))), piece(r.Body), piece(r.BodyAfter)}
	n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&s.vec)), uintptr(len(s.vec)))
	s.vec = [3]syscall.Iovec{} // a pooled pointer would keep an evicted answer alive
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func piece(s string) syscall.Iovec {
	return syscall.Iovec{Base: unsafe.StringData(s), Len: uint64(len(s))}
}

// sendRest writes what the socket did not take, waiting for the client to read.
func (c *conn) sendRest(s *scratch, sent int) error {
	if err := c.TCPConn.SetWriteDeadline(c.l.Now().Add(c.l.WriteTimeout)); err != nil {
		return err
	}
	rest := append(append(append([]byte(nil), s.reply.Head...), s.reply.Body...), s.reply.BodyAfter...)[sent:]
	_, err := c.TCPConn.Write(rest)
	return err
}

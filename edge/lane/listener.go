package lane

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// Listener accepts TCP connections whose plain requests Answer answers. All fields are required.
type Listener struct {
	net.Listener
	Answer       Answerer
	Now          func() time.Time
	IdleTimeout  time.Duration // between requests that the lane answers
	WriteTimeout time.Duration
	MaxConns     int64
	// Refuse is sent to a connection beyond MaxConns before it is closed.
	Refuse []byte

	open     atomic.Int64
	refused  atomic.Uint64
	stopping atomic.Bool
}

// Open is the number of connections.
func (l *Listener) Open() int64 { return l.open.Load() }

// Refused counts the connections beyond MaxConns.
func (l *Listener) Refused() uint64 { return l.refused.Load() }

// Stop leaves all further requests to the server, which closes connections once it is told to stop.
func (l *Listener) Stop() { l.stopping.Store(true) }

// ConnState is to be the server's hook of that name: it tells the lane when a connection is between requests.
func (l *Listener) ConnState(c net.Conn, state fasthttp.ConnState) {
	if w, ok := c.(*conn); ok {
		w.idle = state == fasthttp.StateNew || state == fasthttp.StateIdle
	}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := c.(*net.TCPConn)
		if !ok {
			return c, nil
		}
		if l.open.Add(1) > l.MaxConns {
			l.open.Add(-1)
			l.refuse(tcp)
			continue
		}
		w, err := newConn(tcp, l)
		if err != nil {
			l.open.Add(-1)
			_ = tcp.Close()
			continue
		}
		return w, nil
	}
}

// refuse tells a client to come back later. The answer fits the empty socket buffer, so this does not block.
func (l *Listener) refuse(c *net.TCPConn) {
	l.refused.Add(1)
	_ = c.SetWriteDeadline(l.Now().Add(100 * time.Millisecond))
	_, _ = c.Write(l.Refuse)
	_ = c.CloseWrite()
	_ = c.Close()
}

// Close closes the connection, once for the count.
func (c *conn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.l.open.Add(-1)
	}
	return c.TCPConn.Close()
}

package httpd

import (
	"io"
	"net/http"
	"time"
)

const (
	headerTime = 10 * time.Second // to send the head of a request
	readTime   = 30 * time.Second // to send all of it
	writeTime  = time.Minute      // to take the answer
	idleTime   = 2 * time.Minute  // between requests on one connection
	headerMax  = 64 << 10         // bytes

	// An upload has uploadTime for each uploadStep: 2 KiB/s at least.
	uploadStep = 64 << 10
	uploadTime = 30 * time.Second
)

// Upload is the body of a request that may take as long as it likes, provided
// that it moves: with each 64 KiB it gets 30 seconds more. Bytes are counted
// by whoever reads.
func Upload(w http.ResponseWriter, r *http.Request) io.Reader {
	u := &upload{in: r.Body, control: http.NewResponseController(w)}
	u.extend()
	return u
}

type upload struct {
	in      io.Reader
	control *http.ResponseController
	step    int // bytes since the deadline was moved
}

func (u *upload) Read(p []byte) (int, error) {
	n, err := u.in.Read(p)
	if u.step += n; u.step >= uploadStep {
		u.extend()
	}
	return n, err
}

// extend moves both deadlines. A connection that has none (a test's recorder)
// says so, which is fine.
func (u *upload) extend() {
	u.step = 0
	now := time.Now() //nolint:forbidigo // the network knows only real time
	_ = u.control.SetReadDeadline(now.Add(uploadTime))
	_ = u.control.SetWriteDeadline(now.Add(uploadTime + writeTime))
}

// Long gives a request that works long before it answers that much time for
// it, and a minute more to arrive.
func Long(w http.ResponseWriter, work time.Duration) {
	now := time.Now() //nolint:forbidigo // the network knows only real time
	_ = http.NewResponseController(w).SetWriteDeadline(now.Add(work + writeTime))
}

// Live gives a page that goes on another minute to take what was just written,
// and sends it off. Call it after each event.
func Live(w http.ResponseWriter) error {
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(writeTime)) //nolint:forbidigo // the network knows only real time
	return control.Flush()
}

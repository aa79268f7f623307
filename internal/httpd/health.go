package httpd

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"gonets/internal/account"
	"gonets/internal/fault"
)

// healthz says that the process lives.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, "ok\n")
}

// readyTime is how long the database may take to give a sign of life.
const readyTime = 3 * time.Second

// readyz says that requests can be answered: the server is not ending, and the
// database is there.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	select {
	case <-s.stopping:
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	default:
	}
	if err := s.parts.DB.Ping(ctx); err != nil {
		s.parts.Log.WarnContext(ctx, "not ready", "error", err)
		http.Error(w, "the database is away", http.StatusServiceUnavailable)
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}

// metrics are counted in a registry of this server's own.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gonets_http_requests_total",
			Help: "Requests answered, by route pattern.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "gonets_http_request_seconds",
			Help:    "Time to answer a request, by route pattern.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"route"}),
	}
	m.registry.MustRegister(m.requests, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// note counts an answer. Labels come from our routes alone, so that nobody can
// fill the memory with invented paths or methods.
func (m *metrics) note(method, route string, status int, took time.Duration) {
	if route == "" || route == "/*" {
		route, method = "none", "any"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// Metrics is where others register what they count.
func (s *Server) Metrics() prometheus.Registerer { return s.metrics.registry }

// serveMetrics answers whoever sits at the machine, and admins.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if err := s.Operator(r); err != nil {
		s.fail(w, r, err)
		return
	}
	promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// Operator is nil where the asker may see how the service does: the sandbox
// inbox and the metrics. That is everybody at the machine itself (see Local),
// and admins.
func (s *Server) Operator(r *http.Request) error {
	actor := ActorFrom(r.Context())
	switch {
	case s.Local(r):
		return nil
	case actor.ID == 0:
		return fault.New(fault.Unauthenticated, "error.unauthenticated", nil)
	default:
		return account.Check(actor, account.ServiceView, account.Object{Kind: "service"})
	}
}

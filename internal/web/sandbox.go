package web

import "github.com/go-chi/chi/v5"

// sandboxRoutes are the inbox of a service without a mail server.
func (s *Web) sandboxRoutes(chi.Router) {}

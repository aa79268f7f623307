package web

import "github.com/go-chi/chi/v5"

// recipientRoutes are a user's recipients and their imports.
func (s *Web) recipientRoutes(chi.Router) {}

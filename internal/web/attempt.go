package web

import "github.com/go-chi/chi/v5"

// attemptRoutes are the attempts of all mailings.
func (s *Web) attemptRoutes(chi.Router) {}

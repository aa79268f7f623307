package web

import "github.com/go-chi/chi/v5"

// accountRoutes are the ways in and out, and one's own profile.
func (s *Web) accountRoutes(chi.Router) {}

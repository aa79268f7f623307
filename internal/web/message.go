package web

import "github.com/go-chi/chi/v5"

// messageRoutes are a user's messages.
func (s *Web) messageRoutes(chi.Router) {}

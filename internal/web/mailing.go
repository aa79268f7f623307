package web

import "github.com/go-chi/chi/v5"

// mailingRoutes are a user's mailings, their runs and deliveries.
func (s *Web) mailingRoutes(chi.Router) {}

package api

import (
	"context"
	"net/http"
	"time"

	"gonets/internal/account"
)

// User is somebody with an account.
type User struct {
	ID            string     `json:"id"`
	Email         string     `json:"email"`
	Role          string     `json:"role" enum:"user,moderator,admin"`
	Locale        string     `json:"locale" doc:"BCP 47."`
	TimeZone      string     `json:"time_zone" doc:"IANA."`
	VerifiedAt    *time.Time `json:"verified_at" doc:"When the address was confirmed."`
	BlockedAt     *time.Time `json:"blocked_at"`
	BlockedReason string     `json:"blocked_reason"`
	CreatedAt     time.Time  `json:"created_at"`
}

// UserDetails are a user with what a block of them would stop.
type UserDetails struct {
	User

	Mailings int64 `json:"mailings" doc:"How many they have."`
	Active   int64 `json:"active_mailings" doc:"Of them: active, and not disabled; a block pauses them."`
	Sending  int64 `json:"sending_mailings" doc:"Of the active ones, which send right now."`
}

func userOf(u account.User) User {
	return User{
		ID: formatID(u.ID), Email: u.Email, Role: string(u.Role), Locale: u.Locale, TimeZone: u.TimeZone,
		VerifiedAt: moment(u.VerifiedAt), BlockedAt: moment(u.BlockedAt), BlockedReason: u.BlockedReason,
		CreatedAt: u.CreatedAt.UTC(),
	}
}

type nobody struct{}

func (a *API) me() {
	handle(a, operation{method: http.MethodGet, path: "/me", id: "getMe", summary: "The owner of the token"},
		func(ctx context.Context, c caller, _ *nobody) (User, error) {
			u, err := a.Accounts.Get(ctx, c.Actor, c.ID)
			return userOf(u), err
		})
}

// ReasonFields is why a moderator does something.
type ReasonFields struct {
	Reason string `json:"reason,omitempty" doc:"Told to whom it concerns, and kept in the audit."`
}

type userFilter struct {
	Page

	Search string `query:"search" doc:"Part of the address."`
	State  string `query:"state" enum:"active,unverified,blocked"`
}

type reasoned struct {
	ByID
	Payload[ReasonFields]
}

type deletion struct {
	ByID

	Reason string `query:"reason" doc:"Told to the user, and kept in the audit."`
}

func (a *API) users() {
	handle(a, operation{
		method: http.MethodGet, path: "/users", id: "listUsers", refusals: []int{http.StatusForbidden},
		summary: "All users (moderators)",
	}, func(ctx context.Context, c caller, in *userFilter) (List[User], error) {
		after, err := in.after()
		if err != nil {
			return List[User]{}, err
		}
		list, next, err := a.Accounts.List(ctx, c.Actor, account.Filter{
			Search: in.Search, State: account.State(in.State), After: after, Limit: in.Limit,
		})
		return listOf(list, next, userOf), err
	})
	handle(a, operation{
		method: http.MethodGet, path: "/users/{id}", id: "getUser",
		summary: "One user, and what a block of them would stop (moderators; oneself)",
	}, a.userDetails)
	a.order("block", "Keep a user out; what runs of theirs is paused (moderators)", a.Accounts.Block, "reason")
	a.order("unblock", "Let a user in again (moderators)", a.Accounts.Unblock)
	handle(a, operation{
		method: http.MethodDelete, path: "/users/{id}", id: "deleteUser",
		summary: "Delete a user; what they had goes in the background (administrators)", refusals: []int{http.StatusForbidden, http.StatusConflict},
	}, func(ctx context.Context, c caller, in *deletion) (User, error) {
		id, err := in.id()
		if err != nil {
			return User{}, err
		}
		u, err := a.Accounts.Delete(ctx, c.Actor, id, in.Reason)
		return userOf(u), err
	})
}

func (a *API) userDetails(ctx context.Context, c caller, in *ByID) (UserDetails, error) {
	id, err := in.id()
	if err != nil {
		return UserDetails{}, err
	}
	u, err := a.Accounts.Get(ctx, c.Actor, id)
	if err != nil {
		return UserDetails{}, err
	}
	stocks, err := a.Mailings.Stocks(ctx, c.Actor, id)
	stock := stocks[id]
	return UserDetails{User: userOf(u), Mailings: stock.Mailings, Active: stock.Active, Sending: stock.Sending}, err
}

// order registers what a moderator does to a user.
func (a *API) order(verb, summary string,
	do func(ctx context.Context, actor account.Actor, id int64, reason string) (account.User, error), required ...string,
) {
	handle(a, operation{
		method: http.MethodPost, path: "/users/{id}/" + verb, id: verb + "User", summary: summary,
		refusals: []int{http.StatusForbidden, http.StatusConflict}, required: required,
	}, func(ctx context.Context, c caller, in *reasoned) (User, error) {
		id, err := in.id()
		if err != nil {
			return User{}, err
		}
		u, err := do(ctx, c.Actor, id, in.Data.Reason)
		return userOf(u), err
	})
}

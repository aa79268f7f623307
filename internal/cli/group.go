package cli

import (
	"context"
	"strings"

	"gonets/internal/account"
	"gonets/internal/fault"
)

type groupCommands struct {
	List       groupListCommand   `cmd:"" help:"help.group_list"`
	Load       groupLoadCommand   `cmd:"" help:"help.group_load"`
	AddUser    groupJoinCommand   `cmd:"" name:"add-user" help:"help.group_add_user"`
	RemoveUser groupRemoveCommand `cmd:"" name:"remove-user" help:"help.group_remove_user"`
}

type groupListCommand struct{}

// groupJSON is a group for machines.
type groupJSON struct {
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
	Members     int64    `json:"members"`
}

func (groupListCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	groups, err := a.accounts.Groups(ctx, account.CommandLine())
	if err != nil {
		return err
	}
	list := make([]groupJSON, len(groups))
	rows := [][]string{{s.say.T("cli.column_group"), s.say.T("cli.column_members"), s.say.T("cli.column_permissions")}}
	for i, g := range groups {
		list[i] = groupJSON{Name: g.Name, Permissions: []string{}, Members: g.Members}
		for _, action := range g.Permissions.Actions() {
			list[i].Permissions = append(list[i].Permissions, string(action))
		}
		rows = append(rows, []string{g.Name, s.say.Number(g.Members), strings.Join(list[i].Permissions, " ")})
	}
	if s.json {
		return s.write(list)
	}
	return s.table(rows)
}

type groupLoadCommand struct {
	File []byte `arg:"" type:"filecontent" placeholder:"FILE" help:"help.group_file"`
}

func (c *groupLoadCommand) Run(ctx context.Context, s *session) error {
	a, err := s.open(ctx, duty{})
	if err != nil {
		return err
	}
	defer a.close()
	changed, err := a.accounts.LoadGroups(ctx, account.CommandLine(), c.File)
	if err != nil {
		return err
	}
	if s.json {
		return s.write(map[string]int{"changed": changed})
	}
	s.tell("cli.groups_loaded", "Count", changed)
	return nil
}

type groupJoinCommand struct {
	Group string `arg:"" placeholder:"GROUP" help:"help.group_name"`
	Email string `arg:"" placeholder:"E-MAIL" help:"help.whom"`
}

func (c *groupJoinCommand) Run(ctx context.Context, s *session) error {
	return s.orderUser(ctx, c.Email, "cli.group_joined", func(a *app, id int64) (account.User, error) {
		return a.accounts.Join(ctx, account.CommandLine(), id, c.Group)
	})
}

type groupRemoveCommand struct {
	Group string `arg:"" placeholder:"GROUP" help:"help.group_name"`
	Email string `arg:"" placeholder:"E-MAIL" help:"help.whom"`
}

func (c *groupRemoveCommand) Run(ctx context.Context, s *session) error {
	return s.orderUser(ctx, c.Email, "cli.group_left", func(a *app, id int64) (account.User, error) {
		groups, err := a.accounts.Groups(ctx, account.CommandLine())
		if err != nil {
			return account.User{}, err
		}
		for _, g := range groups {
			if g.Name == c.Group {
				return a.accounts.Leave(ctx, account.CommandLine(), id, c.Group)
			}
		}
		return account.User{}, fault.Fields{{Name: "group", Key: "group.missing", Args: fault.Args{"Name": c.Group}}}.Err()
	})
}

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"brigade/internal/cli"
	"brigade/internal/telemetry"
)

const deploy = "../../deploy"

// compose is as much of a compose file as is looked at.
type compose struct {
	Services map[string]struct {
		Image       string            `yaml:"image"`
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		DependsOn   map[string]any    `yaml:"depends_on"`
		Volumes     []string          `yaml:"volumes"`
		Ports       []string          `yaml:"ports"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
}

func readCompose(t *testing.T) (c compose) {
	text, err := os.ReadFile(filepath.Join(deploy, "compose.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalWithOptions(text, &c, yaml.AllowDuplicateMapKey()))
	require.NotEmpty(t, c.Services)
	return c
}

// Every command of the compose file is one that brigade understands, with the settings it is given there.
func TestComposeCommandsAreUnderstood(t *testing.T) {
	c := readCompose(t)
	t.Chdir(t.TempDir())
	n := 0
	for name, s := range c.Services {
		if s.Image != "brigade" {
			require.Contains(t, s.Image, ":", "%s: its version is said", name)
			continue
		}
		for key, value := range s.Environment {
			t.Setenv(key, value)
		}
		n++
		understood(t, name, s.Command)
		for key := range s.Environment {
			require.NoError(t, os.Unsetenv(key))
		}
	}
	require.GreaterOrEqual(t, n, 8)
}

func understood(t *testing.T, name string, args []string) {
	t.Helper()
	if mode, ok := strings.CutPrefix(args[0], "--mode="); ok {
		args = append([]string{mode}, args[1:]...)
	}
	parser, err := kong.New(&commands{}, kong.Bind(cli.System()), kong.Exit(func(int) { t.Error("exit") }))
	require.NoError(t, err)
	_, err = parser.Parse(args)
	require.NoError(t, err, name)
}

// What services wait for, and the volumes they use, are there.
func TestComposeIsWhole(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	var ports []string
	for name, s := range c.Services {
		for other := range s.DependsOn {
			require.Contains(t, c.Services, other, name)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(from, "./") {
				_, err := os.Stat(filepath.Join(deploy, from))
				require.NoError(t, err, name)
				continue
			}
			require.Contains(t, c.Volumes, from, name)
		}
		for _, p := range s.Ports {
			require.True(t, strings.HasPrefix(p, "127.0.0.1:"), "%s: %s is open to everybody", name, p)
			require.NotContains(t, ports, p)
			ports = append(ports, p)
		}
	}
}

var metricName = regexp.MustCompile(`brigade_[a-z_]+`)

// The dashboard shows figures that there are.
func TestDashboardShowsWhatIsMeasured(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(deploy, "grafana/dashboards/brigade.json"))
	require.NoError(t, err)
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &board))
	known := measured()
	for _, p := range board.Panels {
		require.NotEmpty(t, p.Targets, p.Title)
		for _, target := range p.Targets {
			for _, name := range metricName.FindAllString(target.Expr, -1) {
				for _, suffix := range []string{"_bucket", "_sum", "_count"} {
					name = strings.TrimSuffix(name, suffix)
				}
				require.True(t, slices.Contains(known, name), "%s: %s is not measured", p.Title, name)
			}
		}
	}
}

// measured lists the names of all metrics.
func measured() (names []string) {
	descriptions := make(chan *prometheus.Desc, 1000)
	telemetry.NewMetrics().Registerer().(prometheus.Collector).Describe(descriptions)
	close(descriptions)
	for d := range descriptions {
		names = append(names, metricName.FindString(d.String()))
	}
	return names
}

// The units are what systemd reads, and their commands are understood.
func TestUnits(t *testing.T) {
	t.Parallel()
	units, err := filepath.Glob(filepath.Join(deploy, "systemd", "*.service"))
	require.NoError(t, err)
	require.Len(t, units, 3)
	dir := t.TempDir()
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		require.NoError(t, err)
		start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/brigade (.*)$`).FindSubmatch(text)
		require.NotNil(t, start, unit)
		code, _, stderr := brigade(t, append(strings.Fields(strings.ReplaceAll(string(start[1]), "%i", "api")), "--help")...)
		require.Zero(t, code, stderr)
		here := strings.ReplaceAll(string(text), "/usr/local/bin/brigade", binary)
		require.NoError(t, os.WriteFile(filepath.Join(dir, strings.Replace(filepath.Base(unit), "@", "@api", 1)), []byte(here), 0o600))
	}
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze to ask")
	}
	written, err := filepath.Glob(filepath.Join(dir, "*.service"))
	require.NoError(t, err)
	out, err := exec.Command(verify, append([]string{"verify", "--man=no"}, written...)...).CombinedOutput()
	for line := range strings.Lines(string(out)) { // other units of this machine are none of our business
		require.NotContains(t, line, dir, string(out))
	}
	if len(out) == 0 {
		require.NoError(t, err)
	}
}

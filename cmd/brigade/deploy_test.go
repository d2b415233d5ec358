package main

import (
	"encoding/json"
	"fmt"
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
	"brigade/internal/config"
	"brigade/internal/telemetry"
)

const deploy = "../../deploy"

// compose is the part of the Compose specification that the file uses: anything else in it is a slip.
type compose struct {
	Name     string                    `yaml:"name"`
	Brigade  composeService            `yaml:"x-brigade"`
	Service  composeService            `yaml:"x-service"`
	Services map[string]composeService `yaml:"services"`
	Volumes  map[string]struct{}       `yaml:"volumes"`
}

type composeService struct {
	Image       string            `yaml:"image"`
	Build       map[string]string `yaml:"build"`
	Restart     string            `yaml:"restart"`
	ReadOnly    bool              `yaml:"read_only"`
	CapDrop     []string          `yaml:"cap_drop"`
	SecurityOpt []string          `yaml:"security_opt"`
	GracePeriod string            `yaml:"stop_grace_period"`
	Hostname    string            `yaml:"hostname"`
	Profiles    []string          `yaml:"profiles"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Ports       []string          `yaml:"ports"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck *struct {
		Test     []string `yaml:"test"`
		Interval string   `yaml:"interval"`
		Timeout  string   `yaml:"timeout"`
		Retries  int      `yaml:"retries"`
	} `yaml:"healthcheck"`
}

func readCompose(t *testing.T) (c compose) {
	text, err := os.ReadFile(filepath.Join(deploy, "compose.yaml"))
	require.NoError(t, err)
	require.NoError(t, yaml.UnmarshalWithOptions(text, &c, yaml.AllowDuplicateMapKey(), yaml.DisallowUnknownField()))
	require.NotEmpty(t, c.Services)
	return c
}

// Every role and every service is there on its own, and has the time to end well.
func TestComposeHasEveryRole(t *testing.T) {
	t.Parallel()
	var commands []string
	for name, s := range readCompose(t).Services {
		commands = append(commands, strings.Join(s.Command, " ")+" ")
		if s.Image == "brigade" && name != "token" {
			require.Equal(t, "60s", s.GracePeriod, name)
		}
	}
	has := func(start string) {
		require.True(t, slices.ContainsFunc(commands, func(c string) bool { return strings.HasPrefix(c, start+" ") }), start)
	}
	for _, r := range config.Roles {
		if r != config.RoleSim { // plays the guests of a demo
			has("serve --role " + string(r))
		}
	}
	for _, mode := range config.Services {
		has("--mode=" + mode)
	}
}

// What Prometheus asks is there, at the port on which it listens.
func TestPrometheusAsksWhoIsThere(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	text, err := os.ReadFile(filepath.Join(deploy, "prometheus.yml"))
	require.NoError(t, err)
	var p struct {
		Scrape []struct {
			DNS []struct {
				Names []string `yaml:"names"`
				Port  int      `yaml:"port"`
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	require.NoError(t, yaml.Unmarshal(text, &p))
	asked := map[string]bool{}
	for _, d := range p.Scrape[0].DNS {
		for _, name := range d.Names {
			asked[name] = true
			require.Contains(t, c.Services, name)
			require.Regexp(t, fmt.Sprintf(`(:|--port )%d\b`, d.Port), strings.Join(c.Services[name].Command, " "), name)
		}
	}
	for name, s := range c.Services {
		if command := strings.Join(s.Command, " "); strings.HasPrefix(command, "serve ") || strings.Contains(command, "--port ") {
			require.True(t, asked[name], "%s is not asked", name)
		}
	}
}

// The image is built by the Go that the module wants, and runs as nobody.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(deploy, "Dockerfile"))
	require.NoError(t, err)
	module, err := os.ReadFile("../../go.mod")
	require.NoError(t, err)
	wants := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	require.NotNil(t, wants)
	for _, want := range []string{"FROM golang:" + string(wants[1]) + " AS build\n", "CGO_ENABLED=0 ", "FROM scratch\n", "USER 65532:65532\n", `ENTRYPOINT ["/brigade"]`} {
		require.Contains(t, string(text), want)
	}
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
		for other, on := range s.DependsOn {
			require.Contains(t, c.Services, other, name)
			if on.Condition == "service_healthy" {
				require.NotNil(t, c.Services[other].Healthcheck, "%s waits for the health of %s", name, other)
			}
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

package config

import (
	"net/url"

	"brigade/internal/errs"
)

// Traces says where spans are sent. Without an endpoint, here or in OTEL_EXPORTER_OTLP_ENDPOINT, none are made.
type Traces struct {
	OTLPEndpoint string `name:"otlp-endpoint" env:"BRIGADE_OTLP_ENDPOINT" placeholder:"URL" help:"Send traces to this OpenTelemetry collector, as http://localhost:4318 (default: OTEL_EXPORTER_OTLP_ENDPOINT, else none are made)."`
	OTLPProtocol string `name:"otlp-protocol" env:"BRIGADE_OTLP_PROTOCOL" placeholder:"http/protobuf|grpc" help:"How the collector is spoken to (default: OTEL_EXPORTER_OTLP_PROTOCOL, else http/protobuf)."`
}

func (t Traces) check(f *errs.Fields) {
	if u, err := url.Parse(t.OTLPEndpoint); t.OTLPEndpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		f.Add("--otlp-endpoint", "must be http://HOST:PORT or https://HOST:PORT")
	}
	if p := t.OTLPProtocol; p != "" && p != "http/protobuf" && p != "grpc" {
		f.Add("--otlp-protocol", "must be http/protobuf or grpc, not %q", p)
	}
}

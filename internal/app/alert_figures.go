package app

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"brigade/internal/alert"
)

// newAlertFigures is how many alerts are open, by kind and severity, of all tenants.
func newAlertFigures(r prometheus.Registerer) *prometheus.GaugeVec {
	return promauto.With(r).NewGaugeVec(prometheus.GaugeOpts{
		Name: "brigade_alerts_open", Help: "Alerts that nobody looks after yet, of all tenants, as of the last half minute.",
	}, []string{"kind", "severity"})
}

// countAlerts brings the figures up to date.
func (a *App) countAlerts(ctx context.Context, open *prometheus.GaugeVec) error {
	list, err := a.alertRows.Open(ctx)
	if err != nil {
		return err
	}
	for _, kind := range alert.Kinds {
		for s := alert.Info; s <= alert.Critical; s++ {
			open.WithLabelValues(string(kind), s.String()).Set(0)
		}
	}
	for _, c := range list {
		open.WithLabelValues(string(c.Kind), c.Severity.String()).Set(float64(c.Alerts))
	}
	return nil
}

package rabbitmq_test

import (
	"testing"

	"brigade/internal/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

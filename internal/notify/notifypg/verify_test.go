package notifypg_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// verify tells whether a webhook was sent by Brigade, to this secret, within five minutes.
func verify(secret string, header http.Header, body []byte, now time.Time) error {
	sent, err := strconv.ParseInt(header.Get("webhook-timestamp"), 10, 64)
	if err != nil || now.Sub(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return errors.New("too old")
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(header.Get("webhook-id") + "." + header.Get("webhook-timestamp") + "."))
	mac.Write(body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(header.Get("webhook-signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return nil
		}
	}
	return errors.New("not signed with this secret")
}

func TestTheDocumentedVerifierIsTheOneThatIsTested(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("verify_test.go")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(source), "// verify tells")
	code, _, _ := strings.Cut(rest, "\n}\n")
	doc, err := os.ReadFile("../../../docs/how-to-verify-a-webhook.md")
	require.NoError(t, err)
	require.Contains(t, string(doc), "// verify tells"+code+"\n}\n")
}

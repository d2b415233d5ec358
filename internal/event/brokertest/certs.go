package brokertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certs are PEM files: an authority, and a certificate that it gave to localhost.
type Certs struct{ CA, Cert, Key string }

// NewCerts makes certificates for a test.
func NewCerts(t testing.TB) Certs {
	t.Helper()
	c, err := certsIn(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Server is how a server shows the certificate.
func (c Certs) Server(t testing.TB) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

func certsAt(dir string) Certs {
	return Certs{filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
}

func certsIn(dir string) (Certs, error) {
	c := certsAt(dir)
	authority, local := template("Brigade's tests"), template("localhost")
	authority.IsCA, authority.KeyUsage = true, x509.KeyUsageCertSign
	local.DNSNames, local.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	ca, err := x509.CreateCertificate(rand.Reader, authority, authority, &caKey.PublicKey, caKey)
	if err != nil {
		return c, err
	}
	cert, err := x509.CreateCertificate(rand.Reader, local, authority, &key.PublicKey, caKey)
	if err != nil {
		return c, err
	}
	secret, err := x509.MarshalECPrivateKey(key)
	return c, errors.Join(err, writePEM(c.CA, "CERTIFICATE", ca), writePEM(c.Cert, "CERTIFICATE", cert), writePEM(c.Key, "EC PRIVATE KEY", secret))
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

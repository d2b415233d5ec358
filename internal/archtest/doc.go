// Package archtest holds the direction of imports as a test: rules_test.go lists the arrows, each with its reason.
// To add a feature, add its name to the list of features there.
package archtest

package cli

import (
	"os"
	"reflect"
	"slices"
	"strings"
)

// narrow is a grammar with nothing in it but the command that the arguments begin with. The whole one has some two thousand
// flags, and to read them all takes longer than most commands do. Help for everything, a word that is no command, and a file
// of settings, whose keys may be any command's, need all of it.
func narrow(grammar any, args []string) any {
	if len(args) == 0 || os.Getenv("BRIGADE_CONFIG") != "" ||
		slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--config") }) {
		return grammar
	}
	field, value, ok := commandCalled(args[0], reflect.ValueOf(grammar).Elem())
	if !ok {
		return grammar
	}
	one := reflect.New(reflect.StructOf([]reflect.StructField{{Name: field.Name, Type: field.Type, Tag: field.Tag}}))
	one.Elem().Field(0).Set(value)
	return one.Interface()
}

// commandCalled finds a command by its name among a struct's, those of embedded structs included.
func commandCalled(name string, commands reflect.Value) (field reflect.StructField, value reflect.Value, ok bool) {
	for i := range commands.NumField() {
		field, value = commands.Type().Field(i), commands.Field(i)
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if f, v, ok := commandCalled(name, value); ok {
				return f, v, true
			}
			continue
		}
		if _, is := field.Tag.Lookup("cmd"); !is {
			continue
		}
		called, ok := field.Tag.Lookup("name")
		if !ok {
			called = strings.ToLower(field.Name)
		}
		if called == name {
			return field, value, true
		}
	}
	return field, value, false
}

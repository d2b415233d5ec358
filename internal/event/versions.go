package event

// superseded holds the payloads of versions that are not written any more, by type, from version 1 on: the zero values of
// their structs. Old events keep their version for ever, and their readers need its schema.
var superseded = map[Type][]any{}

// VersionOf is the version in which events of a type are written.
func VersionOf(t Type) int { return 1 + len(superseded[t]) }

// SchemaOfVersion returns the schema of an entry's events of a version; ok is false when there is no such version.
func SchemaOfVersion(e Entry, version int) (s *Schema, ok bool) {
	now := VersionOf(e.Type)
	if version < 1 || version > now {
		return nil, false
	}
	if version < now {
		e.Payload = superseded[e.Type][version-1]
	}
	return schemaOfEntry(e, version), true
}

// SchemaOf returns the schema of an entry's events as they travel today: the envelope with the payload in it. Fields may be
// added to it, so readers leave alone what they do not know; anything else is a new version of the type.
func SchemaOf(e Entry) *Schema { return schemaOfEntry(e, VersionOf(e.Type)) }

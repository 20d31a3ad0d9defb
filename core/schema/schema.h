/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A JSON Schema (draft 2020-12, the part of it that is told below) as an automaton of the values that it allows. */

#pragma once

#include "base/error.h"

/* Immutable; any thread. */
typedef struct _L4Schema L4Schema;

/* Reads a schema. Understood are type, enum, const, properties, required, additionalProperties (true or false), items, minItems, maxItems,
 * minLength, maxLength, pattern (schema/pattern.h), minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf (an integer), anyOf,
 * allOf, $ref to a place of the schema itself, true and false; and what only explains (title, description, …). Any other keyword is an
 * L4_ERROR_UNSUPPORTED that names it and its place; so is a schema that is too large, whose $ref lead around in a circle, or that allows no
 * value. (transfer full)
 *
 * Of the values that validate these are allowed, written without white space: objects with the properties that the schema names, each once, in
 * its order; numbers as in schema/number.h; strings with the escapes that they need and no others; nothing nested deeper than
 * L4_SCHEMA_DEPTH. */
L4Schema *l4_schema_new (const char *text, GError **error);
void l4_schema_free (L4Schema *self);   /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Schema, l4_schema_free)

/* Objects and arrays in one another. */
#define L4_SCHEMA_DEPTH 64

/* Whether the text is such a value, whole. */
gboolean l4_schema_accepts (const L4Schema *self, const char *text, gsize length);

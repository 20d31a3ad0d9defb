/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading a schema into kinds of values: what its parts share. */

#pragma once

#include "schema/schema-private.h"

/* A value whose kinds are still to be found: those that fulfil all the schemas. */
typedef struct
{
  guint32 node;
  GPtrArray *schemas;           /* of yyjson_val, each once */
} L4OpenValue;

typedef struct
{
  L4SchemaText text;
  L4Schema *schema;
  GHashTable *values;           /* GBytes of schemas → node */
  GQueue open;                  /* of L4OpenValue */
  GHashTable *words;            /* GBytes that tell which → L4Dfa */
  gsize n_states;               /* of all words */
  GError **error;
} L4Compiler;

/* Adds a node, and makes it one of those that a value may be. */
guint32 l4_compiler_add_node (L4Compiler *self, L4SchemaNode node);
void l4_compiler_add_choice (L4Compiler *self, guint32 value, guint32 choice);

/* What all schemas of a conjunction allow of each kind, added to the choices of value. FALSE: refused. */
gboolean l4_compiler_add_literals (L4Compiler *self, guint32 value, const char *one, const char *other);       /* other may be NULL */
gboolean l4_compiler_add_list (L4Compiler *self, guint32 value, const L4Conjunction *all, yyjson_val *owner, const char *keyword);
gboolean l4_compiler_add_number (L4Compiler *self, guint32 value, const L4Conjunction *all, gboolean integer);
gboolean l4_compiler_add_string (L4Compiler *self, guint32 value, const L4Conjunction *all);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a schema: kinds of values, and how reading makes them. */

#pragma once

#include <yyjson.h>

#include "schema/dfa.h"
#include "schema/schema.h"

#define L4_NO_NODE G_MAXUINT32
#define L4_NEVER G_MAXUINT64    /* as a number of bytes */

typedef enum
{
  L4_NODE_VALUE,                /* one of several others */
  L4_NODE_WORD,                 /* what an automaton says */
  L4_NODE_STRING,               /* any characters, so many of them */
  L4_NODE_ARRAY,
  L4_NODE_OBJECT
} L4NodeKind;

typedef struct
{
  char *key;                    /* as it stands in the object, with its quotes and the colon */
  guint32 key_length;
  guint32 value;                /* a node */
  gboolean required;
} L4Property;

/* least … most: characters, or items; most L4_DFA_NONE: any number. */
typedef struct
{
  L4NodeKind kind;
  guint32 need;                 /* fewest levels of objects and arrays of such a value; L4_DFA_NONE: there is none */
  guint64 shortest;             /* bytes of the shortest with so few levels */
  GArray *choices;              /* L4_NODE_VALUE: nodes of the other kinds, guint32 */
  guint32 best;                 /* L4_NODE_VALUE: which of them is the shortest */
  const L4Dfa *word;            /* L4_NODE_WORD */
  guint32 least, most;          /* L4_NODE_STRING and L4_NODE_ARRAY */
  guint32 item;                 /* L4_NODE_ARRAY: a node; L4_NO_NODE: it is always empty */
  GArray *properties;           /* L4_NODE_OBJECT: L4Property */
  guint64 *rests;               /* L4_NODE_OBJECT: [properties + 1] bytes of the required ones from there on, with their commas */
} L4SchemaNode;

struct _L4Schema
{
  GArray *nodes;                /* L4SchemaNode; the first is the whole value, an L4_NODE_VALUE */
  GPtrArray *words;             /* L4Dfa that nodes refer to */
  L4Dfa *any_string;            /* the characters of L4_NODE_STRING */
};

static inline const L4SchemaNode *
l4_schema_node (const L4Schema *self, guint32 i)
{
  return &g_array_index (self->nodes, L4SchemaNode, i);
}

static inline const L4Property *
l4_node_property (const L4SchemaNode *node, guint32 i)
{
  return &g_array_index (node->properties, L4Property, i);
}

/* Fills in what nodes need and how short they can be. FALSE: the whole value can never be complete. */
gboolean l4_schema_measure (L4Schema *self);

/* Reading ------------------------------------------------------------------------------------------------------------------ */

/* The text of a schema with where its parts stand. */
typedef struct
{
  yyjson_doc *doc;
  yyjson_val *root;
  GHashTable *pointers;         /* yyjson_val → char *, "#/properties/x", of the schemas that were reached */
  gsize steps;                  /* work done, so that nothing takes forever */
} L4SchemaText;

#define L4_SCHEMA_MAX_STEPS 2000000

const char *l4_schema_text_pointer (const L4SchemaText *self, yyjson_val *schema);
/* Remembers that child stands in schema under name (and, unless it is NULL, under that in it). */
void l4_schema_text_reach (L4SchemaText *self, yyjson_val *schema, const char *name, const char *inner, yyjson_val *child);
/* The schema that a $ref of schema names. NULL only with an error. */
yyjson_val *l4_schema_text_follow (L4SchemaText *self, yyjson_val *schema, const char *reference, GError **error);
/* Sets "schema: PLACE/KEYWORD: reason" and returns FALSE; keyword may be NULL. */
gboolean l4_schema_text_refuse (const L4SchemaText *self, yyjson_val *schema, const char *keyword, GError **error, const char *reason);
/* Whether every keyword of a schema is known and of its type. */
gboolean l4_schema_text_check (L4SchemaText *self, yyjson_val *schema, GError **error);

/* Types of values, as bits. */
typedef enum
{
  L4_VALUE_NULL = 1, L4_VALUE_BOOLEAN = 2, L4_VALUE_INTEGER = 4, L4_VALUE_NUMBER = 8, L4_VALUE_STRING = 16, L4_VALUE_ARRAY = 32, L4_VALUE_OBJECT = 64,
  L4_VALUE_ALL = 127
} L4ValueTypes;

/* Schemas that a value must fulfil all, whose anyOf, allOf and $ref are resolved: of yyjson_val objects. */
typedef GPtrArray L4Conjunction;

/* Alternatives (L4Conjunction) of what fulfils all of the schemas. NULL only with an error. (transfer full) */
GPtrArray *l4_schema_alternatives (L4SchemaText *text, yyjson_val *const *schemas, gsize n, GError **error);

/* Keywords of a conjunction together. */
L4ValueTypes l4_conjunction_types (const L4Conjunction *self);
/* The largest of a keyword such as minLength (0: none has it), the smallest of one such as maxLength (L4_DFA_NONE: none has it). */
guint32 l4_conjunction_least (const L4Conjunction *self, const char *keyword);
guint32 l4_conjunction_most (const L4Conjunction *self, const char *keyword);
/* NULL: no schema of it has the keyword. */
yyjson_val *l4_conjunction_find (const L4Conjunction *self, const char *keyword, yyjson_val **owner);
/* The same where not more than one may have it. */
gboolean l4_conjunction_find_only (const L4Conjunction *self, const L4SchemaText *text, const char *keyword, yyjson_val **found,
    yyjson_val **owner, GError **error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A database below the index: statements with values, transactions that are repeated, one table of functions for each kind. */

#pragma once

#include "index/index.h"
#include "llama4.h"

typedef enum
{
  L4_VALUE_NULL,
  L4_VALUE_INTEGER,
  L4_VALUE_REAL,
  L4_VALUE_TEXT,
  L4_VALUE_BYTES
} L4ValueType;

#define L4_MAX_VALUES 24        /* of a statement */

/* A parameter of a statement, or a column of a row. Borrowed; data has a NUL byte behind it. */
typedef struct
{
  L4ValueType type;
  gint64 integer;
  double real;
  const char *data;             /* TEXT, BYTES */
  gsize length;                 /* bytes of data */
} L4Value;

/* A row of a result. Columns that are not of the type asked for read as 0, "" or NULL. */
typedef void (*L4RowFunc) (const L4Value *columns, gpointer user_data);

typedef struct _L4Database L4Database;
typedef struct _L4Search L4Search;
typedef struct _L4Term L4Term;

/* What distinguishes the kinds of database. Statements are written once for all of them: parameters are $1, $2, …, what is not the same
 * stands here. */
typedef struct
{
  L4Database *(*open) (const char *where, L4IndexMode mode, gboolean hurried, GError **error);
  void (*close) (L4Database *self);
  gboolean (*set_patience) (L4Database *self, GError **error); /* by self->hurried, which has changed */

  gboolean (*begin) (L4Database *self, gboolean write, GError **error);
  gboolean (*commit) (L4Database *self, GError **error);
  void (*rollback) (L4Database *self);
  gboolean (*query) (L4Database *self, const char *sql, const L4Value *values, guint n_values, L4RowFunc row, gpointer user_data,
      GError **error);

  /* Whether a transaction that failed may work when it is tried again, for the attempt-th time (from 1): waits, and connects anew. */
  gboolean (*try_again) (L4Database *self, guint attempt);
  /* Microseconds since 1970 by the clock that all who use the database share. */
  gboolean (*now) (L4Database *self, gint64 *now, GError **error);

  /* search.h */
  gboolean (*search) (L4Database *self, const L4Search *search, GPtrArray *hits, GError **error);
  gboolean (*has) (L4Database *self, const L4Term *term, gboolean *has, GError **error);

  const char *lock_video;       /* gives the id of the film ($1) and keeps others from it until the transaction's end */
  const char *put_window;       /* the statement that adds a window; its parameters: windows.c */
  const char *put_words;        /* adds the words of a JSON array ($1) to those that may be suggested */
} L4DatabaseClass;

struct _L4Database
{
  const L4DatabaseClass *class;
  char *name;                   /* for messages, without a password */
  L4IndexMode mode;
  gboolean hurried;             /* waits L4_HURRIED_MS for what others keep locked, once, and not a minute or so in several attempts */
};

#define L4_HURRIED_MS 2000

extern const L4DatabaseClass l4_sqlite, l4_postgres;

/* The schema that this version of the program writes. */
#define L4_SCHEMA_VERSION 3

/* Opens where, a path or an address, with the kind of database that it names. */
L4Database *l4_database_open (const char *where, L4IndexMode mode, gboolean hurried, GError **error);
void l4_database_close (L4Database *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Database, l4_database_close)
gboolean l4_database_hurry (L4Database *self, GError **error);   /* from now on */

/* Sets *error to "NAME: …", returns FALSE. */
gboolean l4_database_fail (L4Database *self, L4Error code, GError **error, const char *format, ...) G_GNUC_PRINTF (4, 5);
/* The same for one that is of a newer version. Older ones are brought up to this one by who writes, and read as they are. */
gboolean l4_database_refuse_version (L4Database *self, gint64 version, GError **error);

/* Runs a statement; row may be NULL. types has a letter for each parameter that follows: i (gint64), r (double), t (const char *, UTF-8,
 * NULL for none), p (const char *, a path's bytes, NULL for none), b (GBytes *, NULL for none). */
gboolean l4_database_query (L4Database *self, L4RowFunc row, gpointer user_data, GError **error, const char *sql, const char *types, ...);

/* A transaction: what work() does happens whole or not at all. Called again from the start when it failed for a reason that passes, so
 * it may not rely on what it left in work before. */
typedef gboolean (*L4WorkFunc) (L4Database *self, gpointer work, GError **error);
gboolean l4_database_transact (L4Database *self, gboolean write, L4WorkFunc function, gpointer work, GError **error);
/* Not called again. */
gboolean l4_database_transact_once (L4Database *self, gboolean write, L4WorkFunc function, gpointer work, GError **error);

/* Columns. */
gint64 l4_value_integer (const L4Value *value);
guint64 l4_value_unsigned (const L4Value *value);        /* 0 for less than 0 */
char *l4_value_text (const L4Value *value);      /* valid UTF-8; NULL: none (transfer full) */
char *l4_value_bytes (const L4Value *value);     /* NUL-terminated; NULL: none (transfer full) */
GBytes *l4_value_blob (const L4Value *value);    /* NULL: none (transfer full) */

/* A row function for one integer: user_data is a gint64. */
void l4_row_integer (const L4Value *columns, gpointer user_data);

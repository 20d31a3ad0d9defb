/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `llama4 NAME` may be: the commands that it has itself, and the programs beside it. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;
  const char *summary;          /* one phrase, N_() */
  gboolean program;             /* llama4-NAME in the libexec folder, which llama4 becomes */
} L4CatalogueEntry;

/* Commands that belong together, as `llama4 --help` lists them. */
typedef struct
{
  const char *title;            /* N_() */
  const L4CatalogueEntry *entries;      /* ends with a name that is NULL */
} L4CatalogueGroup;

/* All of them; ends with a title that is NULL. */
const L4CatalogueGroup *l4_catalogue (void);

/* NULL: there is none of that name. */
const L4CatalogueEntry *l4_catalogue_find (const char *name);

/* The name that somebody who typed that may have meant; NULL: none is near. */
const char *l4_catalogue_nearest (const char *name);

/* Where the program of that name is installed, or was built. (transfer full) */
char *l4_catalogue_program (const char *name);

G_END_DECLS

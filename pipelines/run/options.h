/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How films are described: as options of a command line, and as properties of the element. */

#pragma once

#include <gst/gst.h>

#include "film/film.h"
#include "llama4.h"

G_BEGIN_DECLS

/* How films are described: the options that programs share. Strings are bytes as given; NULL, 0: the element's default. */
typedef struct
{
  char *model_path, *projector_path, *load;
  char *prompt, *system_prompt, *language;
  char *schema;                 /* text of a JSON Schema that answers follow */
  char **questions;             /* answered by yes or no about each window */
  guint64 window, overlap;      /* nanoseconds */
  int frames, tiles, max_tokens, threads;
  int ahead;                    /* windows described at once; 0: chosen by the model */
  guint64 memory_limit;         /* bytes */
  gboolean no_cuts;             /* windows do not begin anew at hard cuts */
  L4FilmDecode decode;
} L4DescribeOptions;

/* The options' entries, for L4Command's `more`; they fill the one L4DescribeOptions of the program. */
const GOptionEntry *l4_describe_entries (void);
const L4DescribeOptions *l4_describe_options (GError **error);   /* checked; NULL: one is wrong */

/* Sets them on a llama4describe, but for what says how the film is read. */
void l4_describe_set_up (GstElement *describe, const L4DescribeOptions *options);

/* "sha256:…" over its prompt, system prompt and language, those that nobody set included. (transfer full) */
char *l4_describe_prompt_digest (GstElement *describe);

G_END_DECLS

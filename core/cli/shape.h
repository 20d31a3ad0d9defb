/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shapes of models by name: the published ones, a Hugging Face folder's, a GGUF file's. */

#pragma once

#include "blocks/type.h"
#include "config/config.h"

/* What files hold. */
typedef struct
{
  L4Type type;                  /* of most weights; L4_TYPE_OTHER: there are no files */
  char *first;                  /* path of one; NULL: there are none. (owned) */
  guint64 text_bytes, vision_bytes;
  char *repacked;               /* path of the file that experts are streamed from; NULL: from those of the model. (owned) */
  guint64 repacked_bytes;       /* of all experts in it */
  char *why_not_repacked;       /* such a file is there, but cannot be used; NULL: it is not, or it can. (owned) */
  guint64 memory, unmapped, unstreamed; /* bytes of the weights once loaded; of those that --load map, and stream, cannot leave in the file */
} L4ShapeFiles;

/* what: a file or folder with a model, a folder with only a config.json, or the name of a published shape that is installed
 * ("scout", "maverick"; case does not matter). files may be NULL; cleared by l4_cli_shape_files_clear(). (transfer full) */
L4Config *l4_cli_load_shape (const char *what, L4ShapeFiles *files, GError **error);

void l4_cli_shape_files_clear (L4ShapeFiles *self);

/* Gives the decoder n_layers instead: the kinds of the first ones, over and over where there were fewer. */
void l4_cli_set_layers (L4TextConfig *config, gint64 n_layers);

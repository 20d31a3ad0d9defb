/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* llama4 convert --stream: repacks a model's experts once, so that they can be streamed as they are. */

#pragma once

#include "base/error.h"

/* Writes the file of experts of the model beside it, and says before how large it becomes. projector may be NULL; threads 0: one for every CPU. */
gboolean l4_cli_repack (const char *model, const char *projector, guint threads, GError **error);

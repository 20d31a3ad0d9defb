/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of repacked experts that a model may have beside it. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "config/config.h"
#include "stream/stream.h"

/* Its path: MODEL.gguf.experts, of a split set its first file's; FOLDER/model.experts. (transfer full) */
char *l4_experts_path (const L4Checkpoint *checkpoint);

/* The experts of the model as l4_llama_load() streams them, none of which is read. Errors name the model when it has none that can be streamed.
 * checkpoint is borrowed as long as they are. (transfer full) */
L4Stream *l4_experts_find (L4Checkpoint *checkpoint, const L4Config *config, GError **error);

/* Makes the experts of stream, all of which have been added, come from the file if it is there and was made of the model as it is. Otherwise *why
 * is said in one line, NULL where there is no such file. (transfer full) */
void l4_experts_use (L4Stream *stream, const L4Checkpoint *checkpoint, char **why);

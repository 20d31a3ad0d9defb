/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The names of tensors in GGUF files, and those in published checkpoints. */

#pragma once

#include "blocks/tensor.h"

/* Gives tensor, which still has the name of its file, the name of published checkpoints and the shape that goes with it. The
 * string lives in strings. A name that is not known stays as it is. */
void l4_gguf_rename (L4Tensor *tensor, GStringChunk *strings);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The header of one GGUF file. Trusts no length, count or offset in it. */

#include "formats/gguf.h"

void
l4_gguf_free (L4Gguf *self)
{
  g_free (self);
}

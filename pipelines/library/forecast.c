/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What describing a window takes, by those that were described before. */

#include "library/library-private.h"

double
l4_library_measure (L4Library *self)
{
  double seconds = 0;

  if (self->context.index == NULL || self->context.run == 0 || !l4_index_measure (self->context.index, self->context.run, &seconds, NULL))
    return 0;
  return seconds;
}

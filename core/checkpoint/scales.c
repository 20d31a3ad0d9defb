/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scales of the rows of 8-bit floats, which a folder has in tensors of their own. */

#include <math.h>

#include "checkpoint/checkpoint-private.h"

static const L4Tensor *
find_scales (const L4Checkpoint *self, const L4Tensor *tensor, GError **error)
{
  g_autofree char *name = g_strconcat (tensor->name, "_scale", NULL), *inverse = g_strconcat (name, "_inv", NULL);
  const L4Tensor *scales = l4_checkpoint_find (self, name);
  gsize rows = tensor->n_dims > 0 ? tensor->n_elements / (gsize) MAX (tensor->dims[tensor->n_dims - 1], 1) : 1;

  scales = scales != NULL ? scales : l4_checkpoint_find (self, inverse);
  if (scales == NULL) {
    l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" is missing"), self->path, name);
    return NULL;
  }
  if (scales->n_elements == rows || scales->n_elements == 1)
    return scales;
  l4_fail (error, L4_ERROR_FORMAT, _("%s: tensor \"%s\" has %zu scales, not one for each of the %zu rows"), self->path, scales->name,
      scales->n_elements, rows);
  return NULL;
}

gboolean
l4_checkpoint_read_scales (const L4Checkpoint *self, const L4Tensor *tensor, gsize first, gsize n, float *out, GError **error)
{
  const L4Tensor *scales = find_scales (self, tensor, error);
  gboolean one;

  if (scales == NULL)
    return FALSE;
  one = scales->n_elements == 1;
  if (!l4_checkpoint_read_float (self, scales, one ? 0 : first, one ? 1 : n, out, error))
    return FALSE;
  for (gsize i = 0; i < n; i++) {
    out[i] = one ? out[0] : out[i];
    if (!isfinite (out[i]))
      return l4_fail (error, L4_ERROR_FORMAT, _("%s: a scale of tensor \"%s\" is no number"), l4_checkpoint_file_of (self, scales)->path,
          scales->name);
  }
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A matrix of weights in the blocks of its file, in panels. */

#include "compute/weight.h"

#include "base/memory.h"
#include "kernels/kernels.h"

/* Beyond the last panel, so that vectors may be read at its end. */
#define SLACK 64

guint64
l4_weight_bytes (L4Type type, gint64 n_out, gint64 n_in)
{
  return (n_out + L4_PANEL_ROWS - 1) / L4_PANEL_ROWS * l4_panel_bytes (type, n_in) + SLACK;
}

static L4Weight *
weight_new (L4Type type, gint64 n_out, gint64 n_in)
{
  L4Weight *self = g_new0 (L4Weight, 1);
  const L4PanelFormat *format = l4_panel_format (type);

  self->type = type;
  self->n_out = n_out;
  self->n_in = n_in;
  self->row_bytes = n_in / format->block_elements * format->block_bytes;
  self->panel_bytes = l4_panel_bytes (type, n_in);
  return self;
}

L4Weight *
l4_weight_new (L4Type type, gint64 n_out, gint64 n_in, const guint8 *rows, GError **error)
{
  g_autoptr (L4Weight) self = weight_new (type, n_out, n_in);

  self->rows = rows;
  if (rows == NULL) {
    self->panels = l4_alloc_raw (l4_weight_bytes (type, n_out, n_in), _("weights"), error);
    if (self->panels == NULL)
      return NULL;
  }
  return g_steal_pointer (&self);
}

L4Weight *
l4_weight_new_away (const L4StreamPart *place)
{
  L4Weight *self = weight_new (place->type, place->n_rows, place->n);

  self->place = g_memdup2 (place, sizeof *place);
  return self;
}

void
l4_weight_free (L4Weight *self)
{
  if (self == NULL)
    return;
  l4_free (self->panels);
  g_free (self->place);
  l4_free (self->row_scales);
  g_free (self);
}

gsize
l4_weight_n_panels (const L4Weight *self)
{
  return (self->n_out + L4_PANEL_ROWS - 1) / L4_PANEL_ROWS;
}

static guint
rows_of_panel (const L4Weight *self, gsize index)
{
  return MIN (L4_PANEL_ROWS, self->n_out - (gint64) index * L4_PANEL_ROWS);
}

void
l4_weight_set_panel (L4Weight *self, gsize index, const guint8 *rows, gsize stride)
{
  l4_panel_pack (self->type, rows, stride, self->row_bytes, rows_of_panel (self, index),
      self->panels + index * self->panel_bytes);
}

void
l4_weight_set_panel_columns (L4Weight *self, gsize index, const guint8 *columns, gsize stride)
{
  l4_panel_pack_columns (self->type, columns, stride, self->n_in, rows_of_panel (self, index),
      self->panels + index * self->panel_bytes);
}

const guint8 *
l4_weight_get_panel (const L4Weight *self, gsize index, gint64 first, gint64 count, guint8 *scratch)
{
  const L4PanelFormat *format = l4_panel_format (self->type);
  const guint8 *rows;

  if (self->panels != NULL)
    return self->panels + index * self->panel_bytes + l4_panel_bytes (self->type, first);
  rows = self->rows + index * L4_PANEL_ROWS * self->row_bytes + first / format->block_elements * format->block_bytes;
  l4_panel_pack (self->type, rows, self->row_bytes, count / format->block_elements * format->block_bytes, rows_of_panel (self, index),
      scratch);
  return scratch;
}

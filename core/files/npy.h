/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Arrays in NumPy's .npy files. */

#pragma once

#include "base/error.h"

#define L4_NPY_MAX_DIMS 8

typedef enum
{
  L4_NPY_FLOAT32,
  L4_NPY_INT64,
  L4_NPY_UINT8
} L4NpyType;

typedef struct
{
  L4NpyType type;
  guint n_dims;
  gint64 dims[L4_NPY_MAX_DIMS]; /* row-major, last index fastest */
  gsize n_elements;
  gpointer data;                /* [n_elements] of that type, aligned for it */
} L4Npy;

/* Little endian, C order, one of the three types; everything else is refused. On FALSE npy is empty. */
gboolean l4_npy_load (const char *path, L4Npy *npy, GError **error);
void l4_npy_clear (L4Npy *npy);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4Npy, l4_npy_clear)

/* Writes float32 data of these dims to path. Leaves no half file. */
gboolean l4_npy_save_float (const char *path, const gint64 *dims, guint n_dims, const float *data, GError **error);

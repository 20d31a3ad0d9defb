/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making up safetensors files and indexes. */

#pragma once

#include "checkpoint/checkpoint.h"
#include "support/folder.h"

#define SINGLE "model.safetensors"
#define INDEX "model.safetensors.index.json"

/* Parts of a header, ' for ". */
#define AT(begin, end) "'data_offsets':[" #begin "," #end "]"
#define ONE "'dtype':'U8','shape':[4],"

/* 4 floats, 2 halves, a scalar, 3 bytes. */
#define TINY "{'__metadata__':{'format':'pt'},'a':{'dtype':'F32','shape':[2,2]," AT (0, 16) "},'b':{'dtype':'F16','shape':[2]," \
  AT (16, 20) "},'c':{'dtype':'BF16','shape':[]," AT (20, 22) "},'d':{'dtype':'U8','shape':[3,1]," AT (22, 25) "}}"
#define TINY_DATA 25

/* A safetensors file of this header (' for ") and n_data bytes 0, 1, 2, … */
static inline GByteArray *
make_file (const char *header, gsize n_data)
{
  g_autofree char *text = json_from (header);
  guint64 length = GUINT64_TO_LE (strlen (text));
  GByteArray *file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) text, strlen (text));
  for (gsize i = 0; i < n_data; i++)
    g_byte_array_append (file, &(guint8) { (guint8) i }, 1);
  return file;
}

static inline void
write_file (const Folder *folder, const char *name, const char *header, gsize n_data)
{
  g_autoptr (GByteArray) file = make_file (header, n_data);
  g_autofree char *path = folder_write (folder, name, file->data, file->len);
}

static inline void
write_index (const Folder *folder, const char *text)
{
  g_autofree char *json = json_from (text);
  g_autofree char *path = folder_write (folder, INDEX, json, -1);
}

/* A file in the making: tensors one after the other. */
typedef struct
{
  GString *header;
  GByteArray *data;
} Maker;

static inline Maker
maker_new (void)
{
  return (Maker) { g_string_new (NULL), g_byte_array_new () };
}

/* dims: "[3,40]"; data of that size */
static inline void
maker_add (Maker *self, const char *name, const char *dtype, const char *dims, gconstpointer data, gsize bytes)
{
  g_string_append_printf (self->header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%u,%zu]}",
      self->header->len > 0 ? "," : "", name, dtype, dims, self->data->len, self->data->len + bytes);
  g_byte_array_append (self->data, data, (guint) bytes);
}

/* Writes the file, and is empty after that. */
static inline void
maker_write (Maker *self, const Folder *folder)
{
  g_autofree char *text = g_strdup_printf ("{%s}", self->header->str), *path = NULL;
  guint64 length = GUINT64_TO_LE (strlen (text));
  g_autoptr (GByteArray) file = g_byte_array_new ();

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) text, (guint) strlen (text));
  g_byte_array_append (file, self->data->data, self->data->len);
  path = folder_write (folder, SINGLE, file->data, (gssize) file->len);
  g_string_free (self->header, TRUE);
  g_byte_array_unref (self->data);
  *self = (Maker) { 0 };
}

static inline L4Checkpoint *
open_good (const Folder *folder)
{
  g_autoptr (GError) error = NULL;
  L4Checkpoint *checkpoint = l4_checkpoint_open (folder, NULL, &error);

  g_assert_no_error (error);
  g_assert_nonnull (checkpoint);
  return checkpoint;
}

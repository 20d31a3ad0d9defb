/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the header and table of a file of repacked experts, which then has the size that it should have; as they are, and with what
 * they are known by made right, so that the rest is looked at, too. */

#include <fcntl.h>
#include <string.h>

#include "files/sum.h"
#include "fuzz/fuzz.h"
#include "kernels/panel-layout.h"
#include "stream/repacked.h"

#define LAYERS 2
#define EXPERTS 2
#define ROWS 24                 /* a panel and a half */
#define COLUMNS 64

/* A model that never changes. */
static int
the_model (void)
{
  static int fd = -1;

  if (fd < 0) {
    fd = memfd_create ("model", MFD_CLOEXEC);
    if (fd < 0 || ftruncate (fd, 1 << 15) != 0)
      g_error ("no file in memory");
  }
  return fd;
}

/* Experts of a type with blocks and one without; the second part is in memory. (transfer full) */
static L4Stream *
make_stream (void)
{
  L4Stream *self = l4_stream_new ();

  for (guint l = 0; l < LAYERS; l++) {
    l4_stream_add_layer (self, EXPERTS);
    for (guint e = 0; e < EXPERTS; e++) {
      guint64 at = (l * EXPERTS + e) * 8192;
      const L4StreamPart parts[] = {
        {.fd = the_model (),.path = "model",.offset = at,.type = L4_TYPE_Q8_0,.n_rows = ROWS,.n = COLUMNS},
        {.fd = the_model (),.path = "model",.offset = at + 4096,.type = L4_TYPE_BF16,.n_rows = ROWS,.n = COLUMNS + 1},
      };

      l4_stream_set_expert (self, l, e, (const L4StreamPart *const[]) { &parts[0], NULL, &parts[1] });
    }
  }
  return self;
}

/* By which the file knows it. */
static const guint8 *
model_of (const L4Stream *stream)
{
  static guint8 model[sizeof ((L4RepackedHeader *) NULL)->model];
  static gboolean known;

  if (!known && !l4_repacked_identify (stream, model, NULL))
    g_error ("no model");
  known = TRUE;
  return model;
}

static void
make_right (const L4Stream *stream, guint8 *data, gsize size)
{
  L4RepackedHeader header;
  gsize table = l4_repacked_table_bytes (LAYERS * EXPERTS);

  if (size < sizeof header)
    return;
  memcpy (&header, data, sizeof header);
  memcpy (header.magic, L4_REPACKED_MAGIC, sizeof header.magic);
  header.version = L4_REPACKED_VERSION;
  header.layout = l4_panel_layout ();
  header.bytes = l4_stream_repacked_bytes (stream);
  memcpy (header.model, model_of (stream), sizeof header.model);
  if (size >= sizeof header + table)
    header.table_sum = l4_sum (0, data + sizeof header, table);
  header.sum = l4_repacked_sum (&header);
  memcpy (data, &header, sizeof header);
}

/* One that was taken lies within the file, matrix for matrix. */
static void
check_taken (const L4Stream *stream, guint64 size)
{
  guint64 end = 0;

  for (gsize i = 0; i < stream->experts->len; i++)
    for (guint p = 0; p < L4_STREAM_PARTS; p++) {
      const L4StreamMatrix *part = &l4_stream_expert (stream, i)->parts[p];

      if (part->n_rows == 0)
        continue;
      g_assert_cmpuint (part->offset, >=, end);
      g_assert_cmpuint (part->repacked, ==, l4_stream_n_panels (part) * part->panel_bytes);
      end = part->offset + part->repacked;
      g_assert_cmpuint (end, <=, size);
      g_assert_cmpuint (part->place + l4_stream_align (part->repacked), <=, stream->slot_bytes - L4_READER_ALIGNMENT);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  for (guint right = 0; right < 2; right++) {
    g_autoptr (L4Stream) stream = make_stream ();
    g_autofree guint8 *copy = g_memdup2 (data, size);
    g_autoptr (GError) error = NULL;
    guint64 whole = l4_stream_repacked_bytes (stream);
    const char *path;
    gboolean good;
    int fd;

    if (right)
      make_right (stream, copy, size);
    fd = fuzz_file (copy, size, &path);
    if (right && ftruncate (fd, (off_t) whole) != 0)
      g_error ("no file in memory");
    good = l4_stream_use_repacked (stream, path, &error);
    g_assert (good == (error == NULL));
    if (good)
      check_taken (stream, whole);
  }
  return 0;
}

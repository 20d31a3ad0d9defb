/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of opening a checkpoint, by what it lies in. */

#pragma once

#include <sys/stat.h>

#include "checkpoint/checkpoint.h"

#define L4_MAX_SHARDS 4096

typedef struct
{
  char *name;                   /* within the folder */
  char *path;
  int fd;
  guint64 size;                 /* when it was opened */
  struct stat status;           /* then, too */
  gpointer mapping;             /* of all of it; NULL until it is asked for */
} L4CheckpointFile;

struct _L4Checkpoint
{
  char *path;                   /* as it was given */
  GArray *files;                /* L4CheckpointFile */
  GArray *tensors;              /* L4Tensor, in order of names */
  GStringChunk *strings;        /* the tensors' */
  GPtrArray *packed;            /* L4Packed, the tensors' */
  GPtrArray *ggufs;             /* L4Gguf; none for a folder */
  const L4Gguf *projector;      /* one of them */
  char *why_no_vision;
  GMutex lock;                  /* of the mappings */
};

/* With nothing in it yet. (transfer full) */
L4Checkpoint *l4_checkpoint_new (const char *path);

/* The file of a tensor. */
const L4CheckpointFile *l4_checkpoint_file_of (const L4Checkpoint *self, const L4Tensor *tensor);

/* Opens the file name of folder and appends it; NULL on error. */
L4CheckpointFile *l4_checkpoint_add_file (L4Checkpoint *self, const char *folder, const char *name, GError **error);

/* The same with a GGUF file, of which it keeps the header and adds the tensors, under their published names. */
const L4Gguf *l4_checkpoint_add_gguf (L4Checkpoint *self, const char *folder, const char *name, GError **error);

/* Forgets the files from index keep on, which are GGUF files, and their tensors; not once these are in order of names. */
void l4_checkpoint_remove_files (L4Checkpoint *self, guint keep);

/* "[3, 40]" (transfer full) */
char *l4_checkpoint_dims (guint n_dims, const gint64 *dims);

/* Puts the tensors in order; two of one name are an error. */
gboolean l4_checkpoint_sort (L4Checkpoint *self, GError **error);

/* Adds files and tensors of a Hugging Face folder; of a GGUF file and what belongs to it. */
gboolean l4_checkpoint_open_folder (L4Checkpoint *self, GError **error);
gboolean l4_checkpoint_open_gguf (L4Checkpoint *self, const char *projector_path, GError **error);

/* Adds the vision part to the GGUF model that is there, whose file lies in folder; path: the projector file, or NULL. */
gboolean l4_checkpoint_add_projector (L4Checkpoint *self, const char *folder, const char *path, GError **error);

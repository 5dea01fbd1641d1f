# The network of the stack, and what follows from it. A stack has one network, because its lake holds one.

variable "network" {
  description = "The key of the network, as in VELIB_NETWORK. Another than velib needs feed, gbfs_url and network_timezone, and its names begin with its key."
  type        = string
  default     = "velib"

  validation {
    condition     = can(regex("^[a-z][a-z0-9_]{0,30}$", var.network))
    error_message = "network must be a letter, then up to 30 of a-z, 0-9 and _, such as bay_wheels."
  }

  validation {
    condition     = var.network == "velib" || var.feed == "gbfs"
    error_message = "network is not velib, so feed must be gbfs: the portal has Vélib' alone."
  }

  validation {
    condition     = var.network == "velib" || nonsensitive(var.gbfs_url != "")
    error_message = "network is not velib, so gbfs_url is required: the URL of the network's gbfs.json."
  }

  validation {
    condition     = var.network == "velib" || var.network_timezone != ""
    error_message = "network is not velib, so network_timezone is required: the timezone in the feed's system_information, such as Europe/Paris."
  }
}

variable "network_timezone" {
  description = "The time zone of the network's local days and hours, as in VELIB_TIMEZONE. Empty: that of Vélib'."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2})?$", var.network_timezone))
    error_message = "network_timezone must be UTC or a name such as Europe/Paris, or empty."
  }
}

variable "network_name" {
  description = "The name of the network for people, as in VELIB_NETWORK_NAME. Empty: what the feed says."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^[^[:cntrl:]\\x22\\x24\\x5c\\x60]{0,100}$", var.network_name)) && trimspace(var.network_name) == var.network_name
    error_message = "network_name must be one line of up to 100 characters, without spaces around it, double quotes, $, ` and backslashes."
  }
}

locals {
  is_velib = var.network == "velib"

  # The settings of the network that are not the default.
  network_settings = merge(
    local.is_velib ? {} : { VELIB_NETWORK = var.network },
    var.network_timezone == "" ? {} : { VELIB_TIMEZONE = var.network_timezone },
    var.network_name == "" ? {} : { VELIB_NETWORK_NAME = var.network_name },
  )

  # As they are written in a file that both a shell and systemd read. No value has a character to escape.
  network_lines = [for name, value in local.network_settings : "${name}=\"${value}\""]

  # The budget counts resources by the tag `project`, so each network has a value of its own.
  tags = local.is_velib ? var.tags : merge(var.tags, { project = "${var.tags["project"]}-${var.network}" })

  # A GBFS feed says what its network is, which is kept there.
  network_prefix = var.feed == "gbfs" ? ["network/"] : []
}

--[[
Neural Style for darktable: an export target that paints each exported photo like a painting of your choice,
and adds the result to the collection, beside the photo and grouped with it.

The painting is done by the command nst-onnx, in a Python of its own; engine.lua, which the installation has
written, says where that is.
]]

local dt = require "darktable"
local engine = require "neural_style/engine"

local NAME = "neural_style"
local TAG = "neural style"
local QUALITIES = {"instant", "fitted", "fast", "good", "best"}
local FORMATS = {png = true, tif = true, tiff = true, jpg = true, jpeg = true}
local WINDOWS = dt.configuration.running_os == "windows"

-- ---- settings, kept for the next time

local function stored(name, default)
    local value = dt.preferences.read(NAME, name, "string")
    if value == nil or value == "" then return default end
    return value
end

local function position(list, value)
    for index, other in ipairs(list) do
        if other == value then return index end
    end
    return 1
end

local painting = dt.new_widget("file_chooser_button") {
    title = "A painting to paint like",
    tooltip = "the painting to paint like",
    is_directory = false,
    value = stored("painting", ""),
}

local quality = dt.new_widget("combobox") {
    label = "quality",
    tooltip = "instant paints in one pass; fitted and fast are sketches; good and best paint every pixel",
    table.unpack(QUALITIES),
}
quality.selected = position(QUALITIES, stored("quality", "good"))

local function slider(label, tooltip, low, high, value)
    local made = dt.new_widget("slider") {
        label = label,
        tooltip = tooltip,
        hard_min = low,
        hard_max = high,
        soft_min = low,
        soft_max = high,
        digits = 2,
    }
    made.value = value -- after the range, which would cut it off
    return made
end

--- Return a number as nst-onnx reads it, whatever the language of this computer.
local function number(value)
    return (string.format("%.3f", value):gsub(",", "."))
end

local strength = slider(
    "strength", "0 stays closest to the photo, 0.5 balanced, 1 style only", 0, 1, tonumber(stored("strength", "0.5")) or 0.5
)
local strokes = slider(
    "stroke scale", "below 1 finer strokes, above 1 coarser", 0.1, 4, tonumber(stored("strokes", "1")) or 1
)

local function remember()
    dt.preferences.write(NAME, "painting", "string", painting.value or "")
    dt.preferences.write(NAME, "quality", "string", quality.value)
    dt.preferences.write(NAME, "strength", "string", number(strength.value))
    dt.preferences.write(NAME, "strokes", "string", number(strokes.value))
end

-- ---- files and commands

local function quoted(word)
    if WINDOWS then return '"' .. word:gsub('"', "") .. '"' end
    return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function exists(path)
    if path == "" then return false end
    local file = io.open(path, "rb")
    if file then file:close() end
    return file ~= nil
end

--- Return a path beside the photo that no file has yet.
local function target(image, exported)
    local stem = image.filename:match("(.*)%.[^.]*$") or image.filename
    local extension = exported:match("%.([^.]*)$")
    local begin = image.path .. (WINDOWS and "\\" or "/") .. stem .. "_neural-style"
    local path, number = begin .. "." .. extension, 1
    while exists(path) do
        path, number = begin .. "_" .. number .. "." .. extension, number + 1
    end
    return path
end

--- Run nst-onnx; return nil, or its error in one line.
local function paint(photo, result)
    local words = {}
    for _, word in ipairs(engine.command) do table.insert(words, quoted(word)) end
    local log = os.tmpname()
    local options = {
        "stylize", photo, painting.value, "--output", result, "--quality", quality.value, "--strength",
        number(strength.value), "--style-scale", number(strokes.value), "--quiet",
    }
    for _, word in ipairs(options) do table.insert(words, quoted(word)) end
    local line = table.concat(words, " ") .. " 2> " .. quoted(log)
    if WINDOWS then line = '"' .. line .. '"' end
    local code = dt.control.execute(line)
    local said = ""
    for text in io.lines(log) do
        if text ~= "" then said = text end
    end
    os.remove(log)
    if code == 0 and exists(result) then return nil end
    return said ~= "" and said or ("nst-onnx does not start: " .. engine.command[1])
end

-- ---- the export target

--- Whether this format can be painted.
local function supported(_, format)
    return FORMATS[format.extension] == true
end

--- Before the export. Nothing is returned: darktable 5.0 crashes on a list of images from here.
local function initialize()
    remember()
end

local function store(_, image, _, _, number, total)
    dt.print(string.format("neural style: exporting %s, %d of %d", image.filename, number, total))
end

--- After the export: paint every file, and add it to the collection.
local function finalize(_, exported_files)
    local cancelled, done, total = false, 0, 0
    for _ in pairs(exported_files) do total = total + 1 end
    if total == 0 then return end
    if not painting.value or not exists(painting.value) then
        for _, exported in pairs(exported_files) do os.remove(exported) end
        dt.print("neural style: choose a painting first")
        dt.print_error("neural style: choose a painting first")
        return
    end
    local job = dt.gui.create_job("neural style", true, function(this)
        cancelled = true
        this.valid = false
    end)
    local tag = dt.tags.create(TAG)
    local failure
    for image, exported in pairs(exported_files) do
        if not cancelled then
            dt.print(string.format("neural style: painting %s, %d of %d", image.filename, done + 1, total))
            local result = target(image, exported)
            local problem = paint(exported, result)
            if problem then
                failure = image.filename .. ": " .. problem
                dt.print_error(failure)
            else
                local painted = dt.database.import(result)
                painted:group_with(image.group_leader)
                dt.tags.attach(tag, painted)
            end
            done = done + 1
            if job.valid then job.percent = done / total end
        end
        os.remove(exported)
    end
    if job.valid then job.valid = false end
    dt.print(failure and ("neural style: " .. failure) or "neural style: done")
end

local widget = dt.new_widget("box") { orientation = "vertical", painting, quality, strength, strokes }
dt.register_storage(NAME, "neural style", store, finalize, supported, initialize, widget)
